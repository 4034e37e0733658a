"""What a public scanner, checkov, says of what a stack places in AWS and in its cluster."""

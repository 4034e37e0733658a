"""A program that asks for nothing: what a Pulumi command costs before it has any work."""

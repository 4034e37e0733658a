"""What we ask for: one stack file per environment, and the schema that reads them."""

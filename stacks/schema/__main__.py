"""`python -m stacks.schema > stacks/schema.json`: print the JSON schema of a stack file."""

import json
import sys

from stacks.schema.json_schema import stack_file_schema

json.dump(stack_file_schema(), sys.stdout, indent=2)
sys.stdout.write("\n")

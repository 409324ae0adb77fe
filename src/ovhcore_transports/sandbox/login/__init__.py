"""What needs a person, or is about who calls: keys, tokens, and the pages where people answer for them."""

"""Ground floor: values and rules, frozen and valid from birth. Imports nothing of dnsd."""

"""Class activation maps: where a layer saw what speaks for the class."""

"""What a flow tells of a whole data set: where classes part, and where images derail."""

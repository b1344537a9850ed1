"""What attacks tell: at many strengths, on many images, as files, on other networks, to people."""

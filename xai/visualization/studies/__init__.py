"""What grown images are worth: many at once, knob by knob, beside real images."""

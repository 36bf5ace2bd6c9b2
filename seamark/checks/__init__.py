"""What ``seamark check`` looks at, a room each: settings first, then what is around them."""

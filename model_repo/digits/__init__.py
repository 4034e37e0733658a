"""Handwritten digits: an 8x8 image in, ten probabilities out. Three real versions, each better than the one before."""

"""Stand-ins for what is not to be had here: AWS, and the clusters that would be in it.

They are strict about what they know, and say in `README.md` what they can't. A test that passes on them shows that the
program and this reading of AWS agree; it can't show that AWS does.
"""

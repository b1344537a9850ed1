"""Features: what a layer answers to each of many images, as one row of numbers an image.

Maps of a data set and flows between clusters both stand on them. Importing this package
loads no torch.

==================  ================================================================
``result``          ``Features``: the rows, and what they were made of
``extraction``      one pass of the network for any number of layers
``asking``          what layers answer to further images, for known features
``pooling``         feature maps averaged to a few values a side
``components``      principal components, in float64 and with little memory
``leading``         the leading ones of a table that is large both ways
``description``     the features of one layer from all of these
``gathering``       the features of many layers from as few passes as memory allows
``keys``            features by key: recalled, or made and kept
``neighbourhoods``  who is next to whom in the features' own space
``partition``       rows sorted into clusters around their means
==================  ================================================================
"""

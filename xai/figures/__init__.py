"""Pictures and charts of plain data: arrays in, pixels or a chart out.

Values keep their sign, their scale and their channels until they arrive here; only
this package makes colours of them. It knows neither streamlit nor torch, and altair
and Pillow are imported by the functions that need them.

=============  ==================================================================
``colours``    the colour maps and the class colours
``summary``    what a map holds, in numbers and in a sentence
``heatmaps``   relevance and activations to pixels, alone or over the image
``legends``    the colour bar beside a map, as HTML
``pictures``   any image as RGB pixels, enlarged or with colours laid over it
``sprites``    many small pictures as one; thumbnails
``sheets``     the channels of a layer as one sprite
``charts``     altair: probabilities, before and after, traces, class counts
``ranking``    which classes a chart shows, in which order
``confusion``  altair: the confusion matrix
``depth``      altair: separability of the classes by depth
``encodings``  what the altair charts share
``map_svg``    the map of a data set as a standalone SVG
``graph``      the drawing of a network
``wording``    numbers and names as figures write them
=============  ==================================================================
"""

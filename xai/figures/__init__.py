"""Pictures and charts of plain data: arrays in, pixels or a chart out.

Values keep their sign, their scale and their channels until they arrive here; only
this package makes colours of them. It knows neither streamlit nor torch, and altair
and Pillow are imported by the functions that need them.

=======================  ======================================================================
``colours``              the colour maps and the class colours
``wording``              numbers and names as figures write them
``summary``              what a map holds, in numbers and in a sentence
``heatmaps``             relevance and activations to pixels, alone or over the image
``legends``              the colour bar beside a map, as HTML
``pictures``             any image as RGB pixels: enlarged, framed, with colours over it
``sprites``              many small pictures as one; thumbnails
``sheets``               the channels of a layer as one sprite
``kernels``              the filters of a convolution as one sprite
``arithmetic``           how one number adds up, as HTML
``charts``               altair: probabilities, before and after, traces, class counts
``histograms``           altair: spread of weights and of activations, norms of filters
``ranking``              which classes a chart shows, in which order
``confusion``            altair: the confusion matrix
``depth``                altair: separability of the classes by depth
``comparison``           altair: what networks amount to, side by side
``filmstrip``            frames of a film in a row, as pixels
``growth_chart``         altair: how an image grows, its score and the slope
``growth``               altair: networks along their depth; ``series`` is its data
``epoch_lines``          altair: norms and probabilities through a training
``recall_chart``         altair: which classes are read rightly at an epoch
``randomisation_chart``  altair: maps of a network that forgets
``agreement_chart``      altair: which maps agree; where, over the image
``perturbations``        what an attack adds, amplified
``strength_swatch``      what the strength of an attack means, as SVG
``robustness_chart``     altair: accuracy under attack, over the strength and of each class
``attack_lines``         the colour of each attack, the same on every chart
``encodings``            what the altair charts share
``map_svg``              the map of a data set as a standalone SVG
``sketches``             a drawn network that can be pointed at, whatever its kind
``network_svg``          the isometric drawing; ``network_labels``, ``solids_svg`` its parts
``graph_svg``            the graph of the computation; ``graph_cards``, ``graph_wires``
``graph``                the same graph in the DOT language
=======================  ======================================================================
"""

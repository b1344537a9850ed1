"""The parts of the cluster-flow page.

=============  ====================================================================
``choices``    which images, layers and clusters
``computing``  the flow as a job, and as what is drawn
``shown``      the drawing: whose lines are shown, and what is clicked
``gallery``    the images of the node or flow that was clicked
``opening``    a flow from a file, and files of a flow
``questions``  what can be asked of it, one question at a time
``answers``    an answer each
=============  ====================================================================
"""

"""Where the methods come from: the papers that their help cites."""

from __future__ import annotations

from xai.types import Paper

SALIENCY = Paper(
    "K. Simonyan, A. Vedaldi, A. Zisserman",
    "Deep inside convolutional networks: visualising image classification models and saliency maps",
    2013,
    "1312.6034",
)
INPUT_X_GRADIENT = Paper(
    "A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje",
    "Not just a black box: learning important features through propagating activation differences",
    2016,
    "1605.01713",
)
INTEGRATED_GRADIENTS = Paper(
    "M. Sundararajan, A. Taly, Q. Yan",
    "Axiomatic attribution for deep networks",
    2017,
    "1703.01365",
)
SMOOTHGRAD = Paper(
    "D. Smilkov, N. Thorat, B. Kim, F. Viégas, M. Wattenberg",
    "SmoothGrad: removing noise by adding noise",
    2017,
    "1706.03825",
)
GUIDED_BACKPROP = Paper(
    "J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller",
    "Striving for simplicity: the all convolutional net",
    2014,
    "1412.6806",
)
DECONVNET = Paper(
    "M. D. Zeiler, R. Fergus",
    "Visualizing and understanding convolutional networks",
    2013,
    "1311.2901",
)
GRAD_CAM = Paper(
    "R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra",
    "Grad-CAM: visual explanations from deep networks via gradient-based localization",
    2017,
    "1610.02391",
)
GRAD_CAM_PP = Paper(
    "A. Chattopadhyay, A. Sarkar, P. Howlader, V. N. Balasubramanian",
    "Grad-CAM++: improved visual explanations for deep convolutional networks",
    2017,
    "1710.11063",
)
SMOOTH_GRAD_CAM_PP = Paper(
    "D. Omeiza, S. Speakman, C. Cintas, K. Weldermariam",
    "Smooth Grad-CAM++: an enhanced inference level visualization technique for deep "
    "convolutional neural network models",
    2019,
    "1908.01224",
)
LAYER_CAM = Paper(
    "P.-T. Jiang, C.-B. Zhang, Q. Hou, M.-M. Cheng, Y. Wei",
    "LayerCAM: exploring hierarchical class activation maps for localization",
    2021,
)
RISE = Paper(
    "V. Petsiuk, A. Das, K. Saenko",
    "RISE: randomized input sampling for explanation of black-box models",
    2018,
    "1806.07421",
)
LRP = Paper(
    "S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek",
    "On pixel-wise explanations for non-linear classifier decisions by layer-wise "
    "relevance propagation",
    2015,
)

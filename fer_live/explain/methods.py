"""The methods by which heat-maps are made."""

# Name -> class in pytorch_grad_cam, None where this project has its own.
METHODS: dict[str, str | None] = {
    "Grad-CAM": None,
    "HiResCAM": None,
    "Grad-CAM++": "GradCAMPlusPlus",
    "LayerCAM": "LayerCAM",
    "EigenCAM": "EigenCAM",
    "ScoreCAM": "ScoreCAM",
    "AblationCAM": "AblationCAM",
}
CLASSLESS = ("EigenCAM",)  # the same map for each class

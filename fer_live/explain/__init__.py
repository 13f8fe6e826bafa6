"""Heat-maps: where in the face the network found an expression."""

from fer_live.explain.grad_cam import GradCam

__all__ = ["GradCam"]

"""The route table: address, view, methods."""

from __future__ import annotations

from .questions import views
from .uploads.views import upload

_DATABASE = r"/-/questions/(?P<database>[^/.]+)"
_QUESTION = _DATABASE + r"/(?P<id>[0-9a-f]{24})"

ROUTES = (
    (r"/-/questions(?:\.json)?$", views.home, {"GET"}),
    (r"/-/questions/-/upload$", upload, {"POST"}),
    (_DATABASE + r"(?:\.json)?$", views.ask, {"GET", "POST"}),
    (_DATABASE + r"/-/warm$", views.warm_up, {"POST"}),
    (_QUESTION + r"(?:\.json)?$", views.question, {"GET"}),
    (_QUESTION + r"/-/run(?:\.json)?$", views.run, {"POST"}),
    (_QUESTION + r"/-/rename(?:\.json)?$", views.rename, {"POST"}),
    (_QUESTION + r"/-/share(?:\.json)?$", views.share, {"POST"}),
    (_QUESTION + r"/-/delete(?:\.json)?$", views.delete, {"POST"}),
)

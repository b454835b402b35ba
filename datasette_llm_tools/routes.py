"""The route table: address, view, methods."""

from __future__ import annotations

from .enrichments import run_views
from .enrichments import views as enrich_views
from .enrichments.review import review_views
from .evals import run_views as eval_run_views
from .evals import score_views
from .evals import views as eval_views
from .explorations.catalog import catalog_views
from .explorations.checking import check_views
from .explorations.editing import add_views, edit_views
from .explorations.embedding import embed_views
from .explorations.exchange import exchange_views
from .explorations.reading import read_views, share_views
from .questions import views
from .questions.agreeing import views as agreeing_views
from .uploads.views import upload
from .widgets import making_views, owner_views
from .widgets import views as widget_views
from .widgets.charts import chart_pages, drawing_views
from .widgets.exporting import export_views
from .widgets.sandbox import frame_views

_DATABASE = r"/-/questions/(?P<database>[^/.]+)"
_QUESTION = _DATABASE + r"/(?P<id>[0-9a-f]{24})"
_TABLE = r"/-/enrichments/(?P<database>[^/.]+)/(?P<table>[^/.]+)"
_RUN = r"/-/runs/(?P<database>[^/.]+)/(?P<id>[0-9a-f]{24})"
_SUITE = r"/-/evals/(?P<suite>[^/.]+)"
_EVAL_RUN = _SUITE + r"/(?P<run>[0-9a-f]{12})"
_WIDGETS = r"/-/widgets/(?P<database>[^/.]+)"
_WIDGET = _WIDGETS + r"/(?P<id>[0-9a-f]{24})"
_REVISION = _WIDGET + r"/(?P<number>[1-9][0-9]{0,9})"
_EXPLORATIONS = r"/-/explorations"
_EXPLORATION = _EXPLORATIONS + r"/(?P<id>[0-9a-f]{24})"
_BLOCK = _EXPLORATION + r"/-/block/(?P<block>[0-9a-f]{12})"

ROUTES = (
    (r"/-/questions(?:\.json)?$", views.home, {"GET"}),
    (r"/-/questions/-/upload$", upload, {"POST"}),
    (_DATABASE + r"(?:\.json)?$", views.ask, {"GET", "POST"}),
    (_DATABASE + r"/-/warm$", views.warm_up, {"POST"}),
    (_QUESTION + r"(?:\.json)?$", views.question, {"GET"}),
    (_QUESTION + r"/-/run(?:\.json)?$", views.run, {"POST"}),
    (_QUESTION + r"/-/compare(?:\.json)?$", agreeing_views.compare, {"GET"}),
    (_QUESTION + r"/-/rename(?:\.json)?$", views.rename, {"POST"}),
    (_QUESTION + r"/-/share(?:\.json)?$", views.share, {"POST"}),
    (_QUESTION + r"/-/delete(?:\.json)?$", views.delete, {"POST"}),
    (r"/-/enrichments(?:\.json)?$", enrich_views.home, {"GET"}),
    (_TABLE + r"(?:\.json)?$", enrich_views.enrich, {"GET"}),
    (_TABLE + r"/-/preview(?:\.json)?$", enrich_views.look, {"POST"}),
    (_TABLE + r"/-/estimate(?:\.json)?$", enrich_views.estimate, {"POST"}),
    (_TABLE + r"/-/start(?:\.json)?$", enrich_views.start, {"POST"}),
    (_RUN + r"(?:\.json)?$", run_views.run, {"GET"}),
    (_RUN + r"/-/results(?:\.json)?$", run_views.results, {"GET"}),
    (_RUN + r"/-/stale(?:\.json)?$", run_views.stale_rows, {"GET"}),
    (_RUN + r"/-/pause(?:\.json)?$", run_views.pause, {"POST"}),
    (_RUN + r"/-/resume(?:\.json)?$", run_views.resume, {"POST"}),
    (_RUN + r"/-/cancel(?:\.json)?$", run_views.cancel, {"POST"}),
    (_RUN + r"/-/retry(?:\.json)?$", run_views.retry, {"POST"}),
    (_RUN + r"/-/limits(?:\.json)?$", run_views.limits, {"POST"}),
    (_RUN + r"/-/undo(?:\.json)?$", run_views.undo, {"POST"}),
    (_RUN + r"/-/again(?:\.json)?$", run_views.again, {"POST"}),
    (_RUN + r"/-/review(?:\.json)?$", review_views.review, {"GET", "POST"}),
    (_RUN + r"/-/labelled(?:\.json|\.csv)?$", review_views.labelled_rows, {"GET"}),
    (_RUN + r"/-/scores(?:\.json)?$", score_views.scores, {"GET"}),
    (_TABLE + r"/-/row(?:\.json)?$", review_views.row, {"GET"}),
    (_WIDGETS + r"/-/chart(?:\.json)?$", chart_pages.chart, {"GET", "POST"}),
    (_WIDGETS + r"/-/chart\.svg$", chart_pages.chart_picture, {"GET"}),
    (_WIDGETS + r"/-/chart/prompt(?:\.json)?$", drawing_views.prompted, {"POST"}),
    (_WIDGETS + r"/-/chart/save(?:\.json)?$", drawing_views.saved, {"POST"}),
    (_WIDGETS + r"/-/chart/warm(?:\.json)?$", drawing_views.warmed, {"POST"}),
    (r"/-/widgets/-/frame$", frame_views.frame, {"GET"}),
    (r"/-/widgets(?:\.json)?$", widget_views.catalog, {"GET"}),
    (_WIDGETS + r"(?:\.json)?$", widget_views.new_widget, {"GET", "POST"}),
    (_WIDGET + r"(?:\.json)?$", widget_views.widget, {"GET"}),
    (_REVISION + r"(?:\.json)?$", widget_views.revision, {"GET"}),
    (_WIDGET + r"/-/compare(?:\.json)?$", widget_views.compare, {"GET"}),
    (_WIDGET + r"/-/vote(?:\.json)?$", widget_views.vote, {"POST"}),
    (_WIDGET + r"/-/revise(?:\.json)?$", making_views.revise, {"POST"}),
    (_WIDGET + r"/-/mend(?:\.json)?$", making_views.mend, {"POST"}),
    (_WIDGET + r"/-/variants(?:\.json)?$", making_views.variants, {"POST"}),
    (_WIDGET + r"/-/edit(?:\.json)?$", owner_views.edit, {"POST"}),
    (_WIDGET + r"/-/restore(?:\.json)?$", owner_views.restore, {"POST"}),
    (_WIDGET + r"/-/copy(?:\.json)?$", owner_views.copy, {"POST"}),
    (_WIDGET + r"/-/rename(?:\.json)?$", owner_views.rename, {"POST"}),
    (_WIDGET + r"/-/share(?:\.json)?$", owner_views.share, {"POST"}),
    (_WIDGET + r"/-/delete(?:\.json)?$", owner_views.delete, {"POST"}),
    (_REVISION + r"/-/run(?:\.json)?$", frame_views.run, {"POST"}),
    (_REVISION + r"/-/frame(?:\.json)?$", frame_views.start, {"POST"}),
    (_REVISION + r"/-/rows(?:\.json)?$", frame_views.rows, {"POST"}),
    (_WIDGET + r"/-/export$", export_views.export, {"GET"}),
    (_WIDGET + r"/-/export\.html$", export_views.html, {"GET"}),
    (_WIDGET + r"/-/export\.svg$", export_views.picture, {"GET"}),
    (_WIDGET + r"/-/export\.png$", export_views.picture, {"GET"}),
    (_WIDGET + r"/-/export\.csv$", export_views.rows, {"GET"}),
    (_WIDGET + r"/-/export\.json$", export_views.program, {"GET"}),
    (_EXPLORATIONS + r"(?:\.json)?$", catalog_views.catalog, {"GET"}),
    (_EXPLORATIONS + r"/-/feed\.atom$", catalog_views.feed, {"GET"}),
    (_EXPLORATIONS + r"/-/new(?:\.json)?$", edit_views.create, {"POST"}),
    (_EXPLORATIONS + r"/-/add(?:\.json)?$", add_views.add, {"GET", "POST"}),
    (_EXPLORATIONS + r"/-/import(?:\.json)?$", exchange_views.import_file, {"GET", "POST"}),
    (_EXPLORATIONS + r"/-/oembed(?:\.json)?$", embed_views.oembed, {"GET"}),
    (_EXPLORATION + r"$", read_views.exploration, {"GET", "HEAD"}),
    (_EXPLORATION + r"\.json$", exchange_views.read, {"GET"}),
    (_EXPLORATION + r"/-/edit(?:\.json)?$", edit_views.edit, {"GET"}),
    (_EXPLORATION + r"/-/save(?:\.json)?$", edit_views.save, {"POST"}),
    (_EXPLORATION + r"/-/preview(?:\.json)?$", edit_views.preview, {"POST"}),
    (_EXPLORATION + r"/-/propose(?:\.json)?$", edit_views.propose, {"POST"}),
    (_EXPLORATION + r"/-/history(?:\.json)?$", edit_views.history, {"GET"}),
    (_EXPLORATION + r"/-/restore(?:\.json)?$", edit_views.restore, {"POST"}),
    (_EXPLORATION + r"/-/delete(?:\.json)?$", edit_views.delete, {"POST"}),
    (_EXPLORATION + r"/-/share(?:\.json)?$", share_views.share, {"GET", "POST"}),
    (_EXPLORATION + r"/-/publish(?:\.json)?$", share_views.publish, {"POST"}),
    (_EXPLORATION + r"/-/unpublish(?:\.json)?$", share_views.unpublish, {"POST"}),
    (_EXPLORATION + r"/-/link(?:\.json)?$", share_views.link, {"POST"}),
    (_EXPLORATION + r"/-/revoke(?:\.json)?$", share_views.revoke, {"POST"}),
    (_EXPLORATION + r"/-/pin(?:\.json)?$", catalog_views.pin, {"POST"}),
    (_EXPLORATION + r"/-/certificate(?:\.json)?$", check_views.certificate, {"GET"}),
    (_EXPLORATION + r"/-/verify(?:\.json)?$", check_views.verify, {"POST"}),
    (_EXPLORATION + r"/-/compare(?:\.json)?$", check_views.compare, {"GET"}),
    (_EXPLORATION + r"/-/fork(?:\.json)?$", exchange_views.fork, {"POST"}),
    (_EXPLORATION + r"/-/export$", exchange_views.export, {"GET"}),
    (_EXPLORATION + r"/-/export\.html$", exchange_views.html, {"GET"}),
    (_EXPLORATION + r"/-/export\.json$", exchange_views.json_file, {"GET"}),
    (_EXPLORATION + r"/-/export\.md$", exchange_views.markdown_file, {"GET"}),
    (_EXPLORATION + r"/-/export\.ipynb$", exchange_views.notebook, {"GET"}),
    (_EXPLORATION + r"/-/export\.yaml$", exchange_views.queries, {"GET"}),
    (_EXPLORATION + r"/-/embed$", embed_views.embed, {"GET"}),
    (_EXPLORATION + r"/-/picture\.png$", embed_views.picture, {"GET"}),
    (_BLOCK + r"(?:\.json)?$", read_views.block, {"GET", "HEAD"}),
    (_BLOCK + r"\.csv$", exchange_views.rows, {"GET"}),
    (_BLOCK + r"\.svg$", embed_views.block_picture, {"GET"}),
    (_BLOCK + r"/-/embed$", embed_views.embed_block, {"GET"}),
    (_BLOCK + r"/-/frame(?:\.json)?$", read_views.frame, {"POST"}),
    (_BLOCK + r"/-/rows(?:\.json)?$", read_views.rows, {"POST"}),
    (r"/-/evals(?:\.json)?$", eval_views.home, {"GET", "POST"}),
    (_SUITE + r"(?:\.json)?$", eval_views.suite, {"GET"}),
    (_SUITE + r"\.yaml$", eval_views.export, {"GET"}),
    (_SUITE + r"/-/delete(?:\.json)?$", eval_views.delete, {"POST"}),
    (_SUITE + r"/-/case(?:\.json)?$", eval_views.case, {"POST"}),
    (_SUITE + r"/-/drop(?:\.json)?$", eval_views.drop, {"POST"}),
    (_SUITE + r"/-/start(?:\.json)?$", eval_views.start, {"POST"}),
    (_SUITE + r"/-/compare(?:\.json)?$", eval_views.compare, {"GET"}),
    (_EVAL_RUN + r"(?:\.json)?$", eval_run_views.run, {"GET"}),
    (_EVAL_RUN + r"/-/cases(?:\.json)?$", eval_run_views.cases, {"GET"}),
    (_EVAL_RUN + r"/-/stop(?:\.json)?$", eval_run_views.stop, {"POST"}),
    (_EVAL_RUN + r"/-/resume(?:\.json)?$", eval_run_views.resume, {"POST"}),
    (_QUESTION + r"/-/right(?:\.json)?$", eval_run_views.mark, {"POST"}),
)

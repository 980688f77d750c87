"""What does not belong into a set of pictures: by a model's score, by the others, by faults; the page to choose on."""

from __future__ import annotations

from latente.culling.among import rank_among
from latente.culling.cleaning import REASONS, Finding, Findings, look_over
from latente.culling.copies import MOST_COMPARED, Copies, near_copies
from latente.culling.maps import Maps, maps_of, tells_where
from latente.culling.page import SIDE, Candidate, thumbnails, write_page
from latente.culling.ranking import Ranking, rank, ranked, robust_threshold, write_table
from latente.culling.region import within_region
from latente.culling.sizes import as_one_array

__all__ = [
    "MOST_COMPARED",
    "REASONS",
    "SIDE",
    "Candidate",
    "Copies",
    "Finding",
    "Findings",
    "Maps",
    "Ranking",
    "as_one_array",
    "look_over",
    "maps_of",
    "near_copies",
    "rank",
    "rank_among",
    "ranked",
    "robust_threshold",
    "tells_where",
    "thumbnails",
    "within_region",
    "write_page",
    "write_table",
]

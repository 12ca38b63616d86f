"""Plans of people and the roles they follow from."""

from yipan.model import PlanOnRecord, RolesOnRecord
from yipan.store.nouns import Column, NounTable

ROLES = NounTable(name="person_roles", noun=RolesOnRecord)
PLANS = NounTable(
    name="person_plan",
    noun=PlanOnRecord,
    columns=(
        Column(name="ends", sql="timestamptz", of=lambda plan: plan.terms.ends),
        Column(name="released", sql="timestamptz", of=lambda plan: plan.released),
    ),
)

TABLES = (ROLES, PLANS)
"""Roles, plans."""

"""Sluice's own history: the tables of ``app/store/tables``."""

from app.declared_tables import sluice_tables
from app.migration_environment import run_history
from app.store.histories import SLUICE

run_history(SLUICE, sluice_tables())

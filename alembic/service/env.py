"""The service's history: the tables of ``app/models``."""

from app.declared_tables import service_tables
from app.migration_environment import run_history
from app.store.histories import SERVICE

run_history(SERVICE, service_tables())

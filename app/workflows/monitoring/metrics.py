"""What is scraped: of one process, and of an API the service as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from app.workflows.monitoring.process_readings import ProcessReadings
from app.workflows.monitoring.service_readings import ServiceReadings


@dataclass(frozen=True, slots=True)
class MetricsReadings:
    process: ProcessReadings
    service: ServiceReadings

    async def document(self, accept: str, *, whole: bool) -> tuple[bytes, str]:
        """The metrics as they stand, and their content type.

        Args:
            accept: the header of this name.
            whole: those of the service as well.
        """
        # Here, because it takes long, and where nobody scrapes none of it is needed.
        from app.metrics.exposition import scraped  # noqa: PLC0415

        service = await self.service.read() if whole else ()
        return await scraped([*self.process.read(), *service], accept)

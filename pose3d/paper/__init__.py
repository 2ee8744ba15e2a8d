"""The paper's results as a ledger: every printed figure, the trainings behind it, and what came out here."""

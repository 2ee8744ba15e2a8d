"""The paper's results as a ledger: each printed figure, the trainings behind it, and the figure measured here."""

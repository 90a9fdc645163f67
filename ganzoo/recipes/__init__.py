"""Training algorithms: what every recipe has, and the bases that families extend."""

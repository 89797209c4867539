"""What several tests share: small data, games, runs, and what looks at them. Nothing is tested here."""

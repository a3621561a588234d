"""From targets to a report: shards, workers, evaluation, cases and the run folder."""

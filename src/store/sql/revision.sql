SELECT CAST(coalesce(max(revision), 0) AS TEXT) AS c0 FROM palisade_change

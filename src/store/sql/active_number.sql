SELECT CAST(number AS TEXT) AS c0 FROM palisade_active

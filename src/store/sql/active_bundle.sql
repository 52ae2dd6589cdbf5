SELECT CAST(active.number AS TEXT) AS c0, bundle.bundle AS c1, bundle.digest AS c2
FROM palisade_active AS active
LEFT JOIN palisade_bundle AS bundle ON bundle.number = active.number

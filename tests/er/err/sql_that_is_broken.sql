CREATE TABLE ok (id int PRIMARY KEY);

CREATE TABLE broken (
    id int PRIMARY,
    name
    text text text
);
CREATE TABLE a (id int, FOREIGN KEY (b_id) REFERENCES b, PRIMARY KEY (key));
ALTER TABLE nowhere ADD CONSTRAINT x PRIMARY KEY (id);
CREATE TABLE ok (other int);
CREATE TABLE last (id int

CREATE TABLE 使用者 (使用者ID uuid PRIMARY KEY, 狀態 text NOT NULL);
CREATE TABLE 使用者角色 (
    使用者ID uuid REFERENCES 使用者 (使用者ID),
    角色ID uuid,
    PRIMARY KEY (使用者ID, 角色ID)
);

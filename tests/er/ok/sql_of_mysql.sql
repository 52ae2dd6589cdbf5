/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT,
  `role` enum('admin','user') NOT NULL DEFAULT 'user' COMMENT 'what they\'re; for',
  `group_id` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `group_of` (`group_id`),
  KEY `role_of` (`role`),
  CONSTRAINT `fk_group` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
DELIMITER //
CREATE TRIGGER t BEFORE INSERT ON `users` FOR EACH ROW
BEGIN
  IF NEW.role IS NULL THEN SET NEW.role = 'user'; END IF;
END//
DELIMITER ;
CREATE TABLE `groups` (`id` int NOT NULL, PRIMARY KEY (`id`));

CREATE TABLE [dbo].[Users] (
    [Id] INT IDENTITY(1,1) NOT NULL PRIMARY KEY,
    [Name] NVARCHAR(100) NOT NULL
)
GO
CREATE TABLE [dbo].[Posts] (
    [Id] INT NOT NULL,
    [UserId] INT NOT NULL,
    CONSTRAINT [PK_Posts] PRIMARY KEY ([Id]),
    CONSTRAINT [FK_Users] FOREIGN KEY ([UserId]) REFERENCES [dbo].[Users] ([Id])
)
GO

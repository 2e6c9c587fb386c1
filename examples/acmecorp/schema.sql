-- acmecorp: a tenant of a small ERP. Every common type and kind of object, in the order a person would create them.
CREATE SCHEMA [purchasing] AUTHORIZATION [dbo];
GO
CREATE SCHEMA [ledger] AUTHORIZATION [dbo];
GO
CREATE ROLE [buyers] AUTHORIZATION [dbo];
GO
CREATE ROLE [auditors] AUTHORIZATION [dbo];
GO
CREATE TYPE [dbo].[Money4] FROM decimal(19, 4) NOT NULL;
GO
CREATE TYPE [dbo].[PhoneNumber] FROM varchar(25) NULL;
GO
CREATE TYPE [purchasing].[LineList] AS TABLE
(
    [ItemId]   int           NOT NULL,
    [Quantity] decimal(18, 3) NOT NULL,
    PRIMARY KEY ([ItemId])
);
GO
CREATE SEQUENCE [purchasing].[OrderNumbers] AS bigint START WITH 100000 INCREMENT BY 1;
GO
CREATE TABLE [dbo].[Users]
(
    [Id]            int              IDENTITY(1, 1) NOT NULL,
    [Login]         nvarchar(128)    NOT NULL,
    [DisplayName]   nvarchar(200)    COLLATE Latin1_General_100_CI_AI NULL,
    [Email]         varchar(254)     NULL,
    [Phone]         [dbo].[PhoneNumber] NULL,
    [IsActive]      bit              NOT NULL CONSTRAINT [DF_Users_IsActive] DEFAULT ((1)),
    [Avatar]        varbinary(max)   NULL,
    [RowGuid]       uniqueidentifier ROWGUIDCOL NOT NULL CONSTRAINT [DF_Users_RowGuid] DEFAULT (newid()),
    [LastSeen]      datetimeoffset(7) NULL,
    [DateCreated]   datetime2(7)     NOT NULL CONSTRAINT [DF_Users_DateCreated] DEFAULT (sysutcdatetime()),
    [DateModified]  datetime2(3)     NULL,
    CONSTRAINT [PK_Users] PRIMARY KEY CLUSTERED ([Id] ASC),
    CONSTRAINT [UQ_Users_Login] UNIQUE NONCLUSTERED ([Login] ASC)
);
GO
CREATE TABLE [purchasing].[Vendors]
(
    [Id]           int            IDENTITY(1000, 1) NOT NULL,
    [Code]         char(8)        NOT NULL,
    [Name]         nvarchar(200)  NOT NULL,
    [Country]      nchar(2)       NOT NULL CONSTRAINT [DF_Vendors_Country] DEFAULT (N'US'),
    [CreditLimit]  money          NULL,
    [Discount]     smallmoney     NOT NULL CONSTRAINT [DF_Vendors_Discount] DEFAULT ((0)),
    [Rating]       tinyint        NULL,
    [Since]        date           NULL,
    [Notes]        nvarchar(max)  NULL,
    [Settings]     xml            NULL,
    [DateCreated]  datetime       NOT NULL CONSTRAINT [DF_Vendors_DateCreated] DEFAULT (getutcdate()),
    [DateModified] datetime       NULL,
    CONSTRAINT [PK_Vendors] PRIMARY KEY CLUSTERED ([Id] ASC),
    CONSTRAINT [UQ_Vendors_Code] UNIQUE NONCLUSTERED ([Code] ASC),
    CONSTRAINT [CK_Vendors_Rating] CHECK ([Rating] >= (1) AND [Rating] <= (5))
);
GO
CREATE TABLE [dbo].[Items]
(
    [Id]          int            IDENTITY(1, 1) NOT NULL,
    [Sku]         varchar(40)    NOT NULL,
    [Description] nvarchar(400)  NOT NULL,
    [UnitCost]    decimal(18, 6) NOT NULL,
    [ListPrice]   numeric(12, 2) NULL,
    [Weight]      real           NULL,
    [Volume]      float          NULL,
    [OnHand]      bigint         NOT NULL CONSTRAINT [DF_Items_OnHand] DEFAULT ((0)),
    [Reorder]     smallint       NOT NULL CONSTRAINT [DF_Items_Reorder] DEFAULT ((10)),
    [Value]       AS ([UnitCost] * [OnHand]),
    [SkuUpper]    AS (upper([Sku])) PERSISTED,
    [Picture]     varbinary(2000) NULL,
    [Checksum]    binary(16)     NULL,
    [Extra]       sql_variant    NULL,
    [RowVer]      rowversion     NOT NULL,
    CONSTRAINT [PK_Items] PRIMARY KEY CLUSTERED ([Id] ASC),
    CONSTRAINT [UQ_Items_Sku] UNIQUE NONCLUSTERED ([Sku] ASC),
    CONSTRAINT [CK_Items_UnitCost] CHECK ([UnitCost] >= (0))
);
GO
CREATE TABLE [purchasing].[PurchaseOrderHeaders]
(
    [Id]           bigint          NOT NULL CONSTRAINT [DF_PurchaseOrderHeaders_Id] DEFAULT (NEXT VALUE FOR [purchasing].[OrderNumbers]),
    [VendorId]     int             NOT NULL,
    [BuyerId]      int             NULL,
    [Status]       tinyint         NOT NULL CONSTRAINT [DF_PurchaseOrderHeaders_Status] DEFAULT ((0)),
    [OrderDate]    date            NOT NULL,
    [DueTime]      time(0)         NULL,
    [Reference]    nvarchar(60)    NULL,
    [Comment]      ntext           NULL,
    [DateCreated]  datetime2(7)    NOT NULL,
    [DateModified] datetime2(7)    NULL,
    CONSTRAINT [PK_PurchaseOrderHeaders] PRIMARY KEY CLUSTERED ([Id] ASC),
    CONSTRAINT [FK_PurchaseOrderHeaders_Vendors] FOREIGN KEY ([VendorId]) REFERENCES [purchasing].[Vendors] ([Id]),
    CONSTRAINT [FK_PurchaseOrderHeaders_Users] FOREIGN KEY ([BuyerId]) REFERENCES [dbo].[Users] ([Id]) ON DELETE SET NULL,
    CONSTRAINT [CK_PurchaseOrderHeaders_Status] CHECK ([Status] < (5))
);
GO
CREATE TABLE [purchasing].[PurchaseOrderLines]
(
    [OrderId]   bigint         NOT NULL,
    [LineNo]    smallint       NOT NULL,
    [ItemId]    int            NOT NULL,
    [Quantity]  decimal(18, 3) NOT NULL,
    [UnitPrice] [dbo].[Money4] NOT NULL,
    [LineTotal] AS ([Quantity] * [UnitPrice]),
    [Received]  smalldatetime  NULL,
    CONSTRAINT [PK_PurchaseOrderLines] PRIMARY KEY CLUSTERED ([OrderId] ASC, [LineNo] ASC),
    CONSTRAINT [FK_PurchaseOrderLines_Headers] FOREIGN KEY ([OrderId])
        REFERENCES [purchasing].[PurchaseOrderHeaders] ([Id]) ON DELETE CASCADE,
    CONSTRAINT [FK_PurchaseOrderLines_Items] FOREIGN KEY ([ItemId]) REFERENCES [dbo].[Items] ([Id])
);
GO
CREATE TABLE [ledger].[Accounts]
(
    [Number] varchar(12)   NOT NULL,
    [Name]   nvarchar(120) NOT NULL,
    [Parent] varchar(12)   NULL,
    CONSTRAINT [PK_Accounts] PRIMARY KEY CLUSTERED ([Number] ASC),
    CONSTRAINT [FK_Accounts_Parent] FOREIGN KEY ([Parent]) REFERENCES [ledger].[Accounts] ([Number])
);
GO
CREATE TABLE [ledger].[Entries]
(
    [Id]       bigint            IDENTITY(1, 1) NOT NULL,
    [Account]  varchar(12)       NOT NULL,
    [Posted]   datetimeoffset(3) NOT NULL,
    [Amount]   decimal(38, 10)   NOT NULL,
    [Currency] char(3)           NOT NULL,
    [Memo]     nvarchar(200)     NULL,
    [Document] uniqueidentifier  NULL,
    CONSTRAINT [PK_Entries] PRIMARY KEY CLUSTERED ([Id] ASC),
    CONSTRAINT [FK_Entries_Accounts] FOREIGN KEY ([Account]) REFERENCES [ledger].[Accounts] ([Number])
);
GO
-- A heap, as an importer of old data would leave it.
CREATE TABLE [dbo].[AuditLog]
(
    [At]     datetime2(3) NOT NULL,
    [Who]    sysname      NOT NULL,
    [What]   varchar(max) NULL,
    [Legacy] text         NULL,
    [Scan]   image        NULL
);
GO
CREATE TABLE [dbo].[Settings ("tenant")]
(
    [key]   nvarchar(100) NOT NULL PRIMARY KEY,
    [value] nvarchar(max) NULL
);
GO
CREATE NONCLUSTERED INDEX [IX_PurchaseOrderHeaders_Vendor]
    ON [purchasing].[PurchaseOrderHeaders] ([VendorId] ASC, [OrderDate] DESC)
    INCLUDE ([Status], [BuyerId]);
GO
CREATE NONCLUSTERED INDEX [IX_PurchaseOrderHeaders_Open]
    ON [purchasing].[PurchaseOrderHeaders] ([OrderDate] ASC)
    WHERE ([Status] < (3));
GO
CREATE NONCLUSTERED INDEX [IX_Entries_Account_Posted] ON [ledger].[Entries] ([Account] ASC, [Posted] ASC);
GO
CREATE STATISTICS [ST_Items_Description] ON [dbo].[Items] ([Description]);
GO
CREATE VIEW [purchasing].[OpenOrders]
AS
SELECT h.[Id], h.[OrderDate], v.[Name] AS [Vendor], h.[Status]
FROM [purchasing].[PurchaseOrderHeaders] AS h
INNER JOIN [purchasing].[Vendors] AS v ON v.[Id] = h.[VendorId]
WHERE h.[Status] < 3;
GO
CREATE FUNCTION [purchasing].[OrderTotal] (@OrderId bigint)
RETURNS decimal(38, 6)
AS
BEGIN
    RETURN (SELECT SUM(l.[Quantity] * l.[UnitPrice]) FROM [purchasing].[PurchaseOrderLines] AS l WHERE l.[OrderId] = @OrderId);
END;
GO
CREATE FUNCTION [ledger].[EntriesOf] (@Account varchar(12), @From datetimeoffset(3))
RETURNS TABLE
AS
RETURN
    SELECT e.[Id], e.[Posted], e.[Amount], e.[Currency]
    FROM [ledger].[Entries] AS e
    WHERE e.[Account] = @Account AND e.[Posted] >= @From;
GO
CREATE PROCEDURE [purchasing].[ReceiveOrder]
    @OrderId bigint,
    @UserId  int = NULL
AS
BEGIN
    SET NOCOUNT ON;
    -- the lines first, so that the total is right
    UPDATE [purchasing].[PurchaseOrderLines] SET [Received] = SYSDATETIME() WHERE [OrderId] = @OrderId;
    UPDATE [purchasing].[PurchaseOrderHeaders]
    SET [Status] = 3, [DateModified] = SYSUTCDATETIME(), [BuyerId] = ISNULL(@UserId, [BuyerId])
    WHERE [Id] = @OrderId;
END;
GO
CREATE TRIGGER [purchasing].[TR_PurchaseOrderHeaders_Modified]
ON [purchasing].[PurchaseOrderHeaders]
AFTER UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO [dbo].[AuditLog] ([At], [Who], [What])
    SELECT SYSUTCDATETIME(), SUSER_SNAME(), CONCAT('order ', i.[Id], ' changed') FROM inserted AS i;
END;
GO
CREATE SYNONYM [dbo].[Orders] FOR [purchasing].[PurchaseOrderHeaders];
GO
CREATE USER [reporting] WITHOUT LOGIN WITH DEFAULT_SCHEMA = [dbo];
GO
ALTER ROLE [auditors] ADD MEMBER [reporting];
GO
GRANT SELECT ON SCHEMA::[ledger] TO [auditors];
GO
GRANT EXECUTE ON OBJECT::[purchasing].[ReceiveOrder] TO [buyers];
GO
GRANT SELECT ON OBJECT::[purchasing].[OpenOrders] TO [buyers];
GO
EXECUTE sp_addextendedproperty @name = N'MS_Description', @value = N'What the tenant buys and from whom.',
    @level0type = N'SCHEMA', @level0name = N'purchasing';
GO
EXECUTE sp_addextendedproperty @name = N'MS_Description', @value = N'When the vendor''s goods arrived.',
    @level0type = N'SCHEMA', @level0name = N'purchasing', @level1type = N'TABLE', @level1name = N'PurchaseOrderLines',
    @level2type = N'COLUMN', @level2name = N'Received';
GO

import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Edits, Id, IfMatch, Lists, mapPage, NotFound } from '#kernel';
import type { Page } from '#kernel';
import { SiiAdapters } from './adapters.service.js';
import type { SiiConnector } from './connector.entity.js';
import { CreateConnector, EditConnector } from './connector.input.js';
import {
  ConnectorNameTaken,
  ConnectorSettingsRefused,
  UnknownConnectorKind,
} from './connector.problems.js';
import { connectorList, ConnectorService } from './connector.service.js';
import { ConnectorView } from './connector.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/connectors')
export class ConnectorController {
  constructor(
    private readonly connectors: ConnectorService,
    private readonly adapters: SiiAdapters,
  ) {}

  @Get()
  @Allow('sii-connector.connector.read')
  @Lists(ConnectorView, connectorList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ConnectorView>> {
    return mapPage(await this.connectors.list(query), (each) => this.view(each));
  }

  @Get(':id')
  @Allow('sii-connector.connector.read')
  @Answers(ConnectorView)
  async show(@Id() id: string): Promise<ConnectorView> {
    return this.view(await this.connectors.show(id));
  }

  @Post()
  @Allow('sii-connector.connector.edit')
  @Creates(ConnectorView, UnknownConnectorKind, ConnectorNameTaken, ConnectorSettingsRefused)
  async create(@Body() input: CreateConnector): Promise<ConnectorView> {
    return this.view(await this.connectors.create(input));
  }

  @Patch(':id')
  @Allow('sii-connector.connector.edit')
  @Edits(ConnectorView, ConnectorSettingsRefused)
  async edit(
    @Id() id: string,
    @Body() input: EditConnector,
    @IfMatch() version: number,
  ): Promise<ConnectorView> {
    return this.view(await this.connectors.edit(id, input, version));
  }

  /** The worker asks the other end; its health is in the record some moments later. */
  @Post(':id/sync')
  @Allow('sii-connector.connector.sync')
  @Answers(ConnectorView, NotFound)
  async sync(@Id() id: string): Promise<ConnectorView> {
    return this.view(await this.connectors.sync(id));
  }

  private view(connector: SiiConnector): ConnectorView {
    return ConnectorView.of(connector, this.adapters.capabilitiesOf(connector.kind));
  }
}

import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Id, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import type { Alert } from './alert.entity.js';
import { FireTest, Note, Silence } from './alert.input.js';
import { AlertResolvedAlready, SilenceTooLong } from './alert.problems.js';
import { alertList, AlertService } from './alert.service.js';
import { AlertTypesView, AlertView } from './alert.view.js';

@ApiTags('operational-alerts')
@Controller('api/v1/operational-alerts')
export class AlertController {
  constructor(private readonly alerts: AlertService) {}

  @Get('alerts')
  @Allow('operational-alerts.alert.read')
  @Lists(AlertView, alertList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<AlertView>> {
    return mapPage(await this.alerts.list(query), (alert) => this.view(alert));
  }

  @Get('alerts/:id')
  @Allow('operational-alerts.alert.read')
  @Answers(AlertView)
  async show(@Id() id: string): Promise<AlertView> {
    return this.view(await this.alerts.show(id));
  }

  @Get('types')
  @Allow('operational-alerts.alert.read')
  @Answers(AlertTypesView)
  types(): AlertTypesView {
    return AlertTypesView.of(this.alerts.types());
  }

  @Post('alerts/:id/acknowledge')
  @Allow('operational-alerts.alert.acknowledge')
  @Answers(AlertView, AlertResolvedAlready)
  async acknowledge(@Id() id: string, @Body() { note }: Note): Promise<AlertView> {
    return this.view(await this.alerts.acknowledge(id, note ?? null));
  }

  @Post('alerts/:id/silence')
  @Allow('operational-alerts.alert.silence')
  @Answers(AlertView, AlertResolvedAlready, SilenceTooLong)
  async silence(@Id() id: string, @Body() input: Silence): Promise<AlertView> {
    return this.view(await this.alerts.silence(id, input));
  }

  @Post('alerts/:id/resolve')
  @Allow('operational-alerts.alert.resolve')
  @Answers(AlertView, AlertResolvedAlready)
  async resolve(@Id() id: string, @Body() { note }: Note): Promise<AlertView> {
    return this.view(await this.alerts.resolve(id, note ?? null));
  }

  @Post('alerts/test-fire')
  @Allow('operational-alerts.alert.test')
  @Creates(AlertView)
  async testFire(@Body() { severity }: FireTest): Promise<AlertView> {
    return this.view(await this.alerts.fireTest(severity));
  }

  private view(alert: Alert): AlertView {
    return AlertView.of(alert, this.alerts.definitionOf(alert));
  }
}

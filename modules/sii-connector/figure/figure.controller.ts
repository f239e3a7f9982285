import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Creates, Idempotent, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { EnterFigure } from './figure.input.js';
import { figureList, FigureService } from './figure.service.js';
import { FigureView } from './figure.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/figures')
export class FigureController {
  constructor(private readonly figures: FigureService) {}

  @Get()
  @Allow('sii-connector.figure.read')
  @Lists(FigureView, figureList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<FigureView>> {
    return mapPage(await this.figures.list(query), FigureView.of);
  }

  @Post()
  @Allow('sii-connector.figure.create')
  @Idempotent('optional')
  @Creates(FigureView)
  async enter(@Body() input: EnterFigure): Promise<FigureView> {
    return FigureView.of(await this.figures.enter(input));
  }
}

import type { Readable } from 'node:stream';
import { Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Busy, FileBody, Id, Lists, mapPage, TakesFile } from '#kernel';
import type { Page } from '#kernel';
import { ImportRequest } from './import.input.js';
import { FileCutOff, FileRefused, FileTooLarge } from './import.problems.js';
import { importList, ImportService } from './import.service.js';
import { ImportOutcome, ImportView } from './import.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/imports')
export class ImportController {
  constructor(private readonly imports: ImportService) {}

  @Get()
  @Allow('sii-connector.import.read')
  @Lists(ImportView, importList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ImportView>> {
    return mapPage(await this.imports.list(query), ImportView.of);
  }

  @Post()
  @Allow('sii-connector.import.create')
  @TakesFile('text/csv', 'application/xml', 'application/octet-stream')
  @Answers(ImportOutcome, FileRefused, FileTooLarge, FileCutOff, Busy)
  async take(@Query() request: ImportRequest, @FileBody() file: Readable): Promise<ImportOutcome> {
    return this.imports.take(file, request);
  }

  @Get(':id')
  @Allow('sii-connector.import.read')
  @Answers(ImportView)
  async show(@Id() id: string): Promise<ImportView> {
    return ImportView.of(await this.imports.show(id));
  }
}

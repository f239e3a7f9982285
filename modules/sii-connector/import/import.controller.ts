import type { Readable } from 'node:stream';
import { Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow, Answers, Busy, Creates, FileBody, Id, Lists, mapPage, TakesFile } from '#kernel';
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
  @Creates(ImportOutcome, FileRefused, FileTooLarge, FileCutOff, Busy)
  @ApiResponse({ status: 200, type: ImportOutcome, description: 'a dry run; nothing was stored' })
  async take(
    @Query() request: ImportRequest,
    @FileBody() file: Readable,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ImportOutcome> {
    const outcome = await this.imports.take(file, request);
    if (outcome.id === null) void reply.status(200);
    return outcome;
  }

  @Get(':id')
  @Allow('sii-connector.import.read')
  @Answers(ImportView)
  async show(@Id() id: string): Promise<ImportView> {
    return ImportView.of(await this.imports.show(id));
  }
}

/** `node scripts/icon.mjs`: draws `media/icon.png` (256 x 256) from `media/icon.svg`. Only needed when the drawing changes. */
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { findChromium } from './lib/programs.mjs';

const SIZE = 256;
const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: SIZE, height: SIZE } });
await page.setContent(`<style>body{margin:0}svg{display:block}</style>${readFileSync('media/icon.svg', 'utf8')}`);
await page.screenshot({ path: 'media/icon.png', omitBackground: true });
await browser.close();

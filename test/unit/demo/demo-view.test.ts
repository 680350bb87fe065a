import { describe, expect, it } from 'vitest';
import { type DemoPicture, demoViewFor, pictureLines } from '../../../node/demo/demo-view.ts';

const PICTURE: DemoPicture = {
  readings: 1_000,
  published: 700,
  arrived: 500,
  seconds: 12.4,
  running: { A: true, B: false, C: true, D: true },
  isLinkUp: true,
  isCentreUp: true,
  stations: {
    Gucheng: { count: 300, latest: { 'PM2.5': '10', TEMP: '-3.5' } },
    Dongsi: { count: 200, latest: { 'PM2.5': '12' } },
  },
};

/** A screen that remembers. */
function screenOf(isTTY: boolean): { isTTY: boolean; text: string; write(text: string): void } {
  return {
    isTTY,
    text: '',
    write(text: string) {
      this.text += text;
    },
  };
}

describe('the picture of the demo', () => {
  it('shows how many readings are there, and which node is down', () => {
    const text = pictureLines(PICTURE).join('\n');
    expect(text).toContain('500 of 1,000 at the centre, 700 published');
    expect(text).toContain('A ── (B down) ── C');
  });
  it('shows a cut link and a centre that is away', () => {
    expect(pictureLines({ ...PICTURE, isLinkUp: false }).join('\n')).toContain('C ✂  D');
    expect(pictureLines({ ...PICTURE, isCentreUp: false }).join('\n')).toContain('(centre down)');
  });
  it('fills its bar as readings arrive', () => {
    const cells = (arrived: number): number =>
      pictureLines({ ...PICTURE, arrived })
        .join('')
        .split('█').length - 1;
    expect([cells(0), cells(500), cells(1_000)]).toEqual([0, 20, 40]);
  });
  it('lists the stations by name with their latest values', () => {
    const rows = pictureLines(PICTURE).slice(-2);
    expect(rows[0]).toMatch(/^ {2}Dongsi +200 +12$/);
    expect(rows[1]).toMatch(/^ {2}Gucheng +300 +10 +-3\.5$/);
  });
});

describe('the view', () => {
  it('is plain lines where there is no terminal: events and every tenth', () => {
    const screen = screenOf(false);
    const view = demoViewFor(screen, pictureLines);
    view.event('B is back', 3);
    view.picture({ ...PICTURE, arrived: 110 });
    view.picture({ ...PICTURE, arrived: 150 });
    view.picture({ ...PICTURE, arrived: 200 });
    view.close();
    expect(screen.text.split('\n')).toEqual([
      '  3.0 s  B is back',
      ' 12.4 s  110 of 1,000 readings at the centre',
      ' 12.4 s  200 of 1,000 readings at the centre',
      '',
    ]);
  });
  it('leaves nothing of its table on a terminal but the events', () => {
    const screen = screenOf(true);
    const view = demoViewFor(screen, pictureLines);
    view.picture(PICTURE);
    const lines = screen.text.split('\n').length - 1;
    view.close();
    expect(screen.text.endsWith(`\u001b[${lines}A\u001b[J`)).toBe(true);
  });
});

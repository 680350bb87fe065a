/** A place in a square of side 1. */
export type Place = readonly [x: number, y: number];

/** Above this the pull between all pairs takes too long; the nodes stay on their circle. */
const FORCES_NODES_MAX = 400;
const ROUNDS = 150;

/**
 * Where nodes are drawn: linked ones attract, all repel each other (Fruchterman and Reingold, 1991), starting
 * from a circle. The same links give the same drawing.
 */
export function layOut(nodes: number, links: readonly (readonly [a: number, b: number])[]): Place[] {
  const places = Array.from({ length: nodes }, (_, node): [number, number] => {
    const angle = (2 * Math.PI * node) / Math.max(1, nodes) - Math.PI / 2;
    return [Math.cos(angle), Math.sin(angle)];
  });
  if (nodes > 2 && nodes <= FORCES_NODES_MAX && links.length > 0) relax(places, links);
  return fitted(places);
}

function relax(places: [number, number][], links: readonly (readonly [number, number])[]): void {
  const distance = 1.6 / Math.sqrt(places.length);
  for (let round = 0; round < ROUNDS; round++) {
    const moves = repulsions(places, distance);
    for (const [a, b] of links) {
      const [dx, dy, far] = between(places[a]!, places[b]!);
      const pull = (far * far) / distance / 2;
      shift(moves[a]!, (-dx / far) * pull, (-dy / far) * pull);
      shift(moves[b]!, (dx / far) * pull, (dy / far) * pull);
    }
    const stepMax = 0.15 * (1 - round / ROUNDS);
    for (const [node, [x, y]] of moves.entries()) {
      const length = Math.hypot(x, y) || 1;
      const step = Math.min(length, stepMax);
      shift(places[node]!, (x / length) * step, (y / length) * step);
    }
  }
}

function repulsions(places: readonly Place[], distance: number): [number, number][] {
  const moves = places.map((): [number, number] => [0, 0]);
  for (let a = 0; a < places.length; a++) {
    for (let b = a + 1; b < places.length; b++) {
      const [dx, dy, far] = between(places[a]!, places[b]!);
      const push = (distance * distance) / far / far;
      shift(moves[a]!, dx * push, dy * push);
      shift(moves[b]!, -dx * push, -dy * push);
    }
  }
  return moves;
}

function between([ax, ay]: Place, [bx, by]: Place): [dx: number, dy: number, distance: number] {
  const [dx, dy] = [ax - bx, ay - by];
  return [dx, dy, Math.max(1e-6, Math.hypot(dx, dy))];
}

function shift(point: [number, number], dx: number, dy: number): void {
  point[0] += dx;
  point[1] += dy;
}

function fitted(places: readonly Place[]): Place[] {
  const bounds = (values: readonly number[]) => {
    const low = Math.min(...values);
    return { low, span: Math.max(1e-9, Math.max(...values) - low) };
  };
  const x = bounds(places.map((place) => place[0]));
  const y = bounds(places.map((place) => place[1]));
  const round = (value: number) => Math.round(value * 1_000) / 1_000;
  // A line keeps to the middle instead of filling the square with noise.
  const span = Math.max(x.span, y.span);
  const centred = (value: number, axis: { low: number; span: number }) =>
    round((value - axis.low + (span - axis.span) / 2) / span);
  return places.map((place) => [centred(place[0], x), centred(place[1], y)] as const);
}

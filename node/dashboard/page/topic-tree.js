/**
 * A level of a topic. `topic` is the whole topic where one ends here, else `null`.
 * @typedef {{ path: string, label: string, depth: number, topic: string | null, children: TreeNode[], topics: number }} TreeNode
 * @typedef {{ node: TreeNode, isOpen: boolean, place: number, siblings: number }} VisibleRow
 */

/**
 * Topics as a tree, each level sorted. Levels that have a single child and are no topic themselves are joined with it: `a/b/c` is
 * one row where nothing else begins with `a`.
 * @param {Iterable<string>} topics
 * @returns {TreeNode[]}
 */
export function topicTree(topics) {
  const root = level('', '', -1);
  /** @type {Map<string, TreeNode>} */
  const known = new Map();
  for (const topic of topics) {
    let parent = root;
    let end = -1;
    do {
      const start = end + 1;
      end = topic.indexOf('/', start);
      const path = end === -1 ? topic : topic.slice(0, end);
      let node = known.get(path);
      if (node === undefined) {
        node = level(path, topic.slice(start, end === -1 ? undefined : end), 0);
        known.set(path, node);
        parent.children.push(node);
      }
      if (end === -1) node.topic = topic;
      parent = node;
    } while (end !== -1);
  }
  for (const child of root.children) countTopics(child);
  return sorted(root.children.map(joined));
}

/**
 * The rows of a tree that are to be seen.
 * @param {readonly TreeNode[]} roots
 * @param {(node: TreeNode) => boolean} isOpen
 * @returns {VisibleRow[]}
 */
export function visibleRows(roots, isOpen) {
  /** @type {VisibleRow[]} */
  const rows = [];
  /** @param {readonly TreeNode[]} nodes */
  const add = (nodes) => {
    for (const [index, node] of nodes.entries()) {
      const open = node.children.length > 0 && isOpen(node);
      rows.push({ node, isOpen: open, place: index + 1, siblings: nodes.length });
      if (open) add(node.children);
    }
  };
  add(roots);
  return rows;
}

/**
 * @param {string} path
 * @param {string} label
 * @param {number} depth
 * @returns {TreeNode}
 */
function level(path, label, depth) {
  return { path, label, depth, topic: null, children: [], topics: 0 };
}

/** @param {TreeNode} node */
function countTopics(node) {
  node.topics = node.topic === null ? 0 : 1;
  for (const child of node.children) {
    countTopics(child);
    node.topics += child.topics;
  }
}

/** @param {TreeNode} node @returns {TreeNode} */
function joined(node) {
  let at = node;
  let label = at.label;
  while (at.topic === null && at.children.length === 1) {
    at = /** @type {TreeNode} */ (at.children[0]);
    label += `/${at.label}`;
  }
  return withDepth({ ...at, label, children: sorted(at.children.map(joined)) }, 0);
}

/** @param {TreeNode} node @param {number} depth @returns {TreeNode} */
function withDepth(node, depth) {
  node.depth = depth;
  for (const child of node.children) withDepth(child, depth + 1);
  return node;
}

/** @param {TreeNode[]} nodes */
function sorted(nodes) {
  return nodes.sort((a, b) => compareLabels(a.label, b.label));
}

/** Numbers in names by their value: `sensor2` before `sensor10`. @param {string} a @param {string} b */
function compareLabels(a, b) {
  return collator.compare(a, b);
}

const collator = new Intl.Collator('en', { numeric: true });

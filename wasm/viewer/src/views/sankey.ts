/** The view of paths: source group, rule, port, destination group, as a sankey of `top`. */

import { drawSankey } from "../draw/sankey";
import { unitShown } from "../state/unit";
import type { View } from "./view";

export const sankey: View = {
  id: "sankey",
  title: "Paths",
  section: "Traffic",
  analysis: "top",
  about:
    "How traffic goes: from a source group, through the rule that judged it, to a port, to a destination group. Wider is more, in the unit chosen above; choose flows to see what was denied. Without files of names, networks of 16 bits stand for groups. The smallest paths are joined as others.",
  controls: [{ name: "n", label: "Paths", start: "60", choices: [["30", "30"], ["60", "60"], ["150", "150"], ["300", "300"]] }],
  parameters: (options, { unit, hasGroups }) => ({ by: stagesOf(hasGroups), metric: unitShown(unit).metric, n: Number(options.n ?? 60) }),
  columns: () => ["src_group", "src_net", "rule", "dst_port", "dst_group", "dst_net", "bytes", "share", "flows", "denied"],
  bars: ["bytes", "flows"],
  picture: (scene) => ({ draw: drawSankey(scene, stagesOf(scene.hasGroups).map((key) => key.replace(/\/.*/, ""))), height: 380, label: "Bands from source groups by rules and ports to destination groups; the table below has the numbers" }),
};

function stagesOf(hasGroups: boolean): string[] {
  return hasGroups ? ["src_group", "rule", "dst_port", "dst_group"] : ["src_net/16", "rule", "dst_port", "dst_net/16"];
}

/** The view of `matrix`: which group to which. */

import { drawMatrix, matrixHeight } from "../draw/matrix";
import type { View } from "./view";

export const matrix: View = {
  id: "matrix",
  title: "Matrix",
  section: "Traffic",
  analysis: "matrix",
  about:
    "Traffic from each group (left) to each group (top). Groups come from files of names you drop: CSV with cidr,name, service tags, az network vnet list. Without one: private, public, special and Azure's own addresses. An orange corner: some of it was denied.",
  columns: () => ["src_group", "dst_group", "bytes", "bytes_src_to_dst", "bytes_dst_to_src", "split", "flows", "denied"],
  bars: ["bytes", "flows", "denied"],
  picture: (scene) => ({ draw: drawMatrix(scene), height: matrixHeight(scene.table), label: "Source groups by destination groups, darker where there is more; the table below has the numbers" }),
};

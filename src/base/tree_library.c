/* Apart from tree.c, which link-time optimisation shall reach. */
#include "base/tree_shim.h"

#include "base/embed.h"
#include "base/shim.h"

EMBED(tree_shim, "tree_shim.so");

const struct tree_shim *tree_library(struct err_detail *detail)
{
    struct err_detail why = {""};
    const struct tree_shim *found = shim_load(tree_shim, tree_shim_bytes, TREE_SHIM, &why);

    if (found == NULL)
        err_explain(detail, "The library that reads answers cannot be loaded; is libsimdjson14 installed? (%.300s)",
                    why.text);
    return found;
}

# What clubSandwich says of lm(call's outcome ~ arm), CR2 with Satterthwaite, one row a call.
# Debian: apt-get install r-cran-clubsandwich.  Rscript clustered.R > clustered.json
suppressMessages(library(clubSandwich))

cases <- list(
  alike = list(
    control = cbind(y = c(21, 17, 30, 12, 25, 19), x = c(200, 180, 220, 190, 210, 205)),
    challenger = cbind(y = c(28, 35, 22, 31, 40, 26), x = c(195, 215, 185, 200, 225, 210))
  ),
  unequal = list( # 3 to 886 calls an agent
    control = cbind(y = c(1, 2, 9, 14, 60, 131), x = c(3, 11, 54, 148, 403, 886)),
    challenger = cbind(y = c(0, 6, 11, 40, 88, 49), x = c(5, 24, 66, 244, 665, 401))
  ),
  lopsided = list( # two units against nine
    control = cbind(y = c(4, 61), x = c(50, 300)),
    challenger = cbind(y = c(3, 8, 0, 21, 5, 40, 2, 9, 33), x = c(20, 35, 8, 120, 61, 222, 40, 44, 310))
  ),
  forty = list(
    control = cbind(y = (7 * 1:22) %% 13 + 2, x = 20 + (37 * 1:22) %% 101),
    challenger = cbind(y = (5 * 1:18) %% 11 + 4, x = 18 + (53 * 1:18) %% 149)
  )
)

calls <- function(units, arm) {
  do.call(rbind, lapply(seq_len(nrow(units)), function(g) {
    y <- units[g, "y"]
    data.frame(arm = arm, unit = paste(arm, g), outcome = rep(c(1, 0), c(y, units[g, "x"] - y)))
  }))
}

compared <- function(case) {
  rows <- rbind(calls(case$control, 0), calls(case$challenger, 1))
  fit <- lm(outcome ~ arm, data = rows)
  robust <- vcovCR(fit, cluster = rows$unit, type = "CR2")
  test <- coef_test(fit, vcov = robust, test = "Satterthwaite")["arm", ]
  bounds <- conf_int(fit, vcov = robust, test = "Satterthwaite", level = 0.95)
  bounds <- bounds[rownames(bounds) == "arm" | bounds$Coef == "arm", ]
  c(
    difference = test$beta, standard_error = test$SE, degrees_of_freedom = test$df_Satt, p_value = test$p_Satt,
    low = bounds$CI_L, high = bounds$CI_U
  )
}

pairs <- function(units) paste0("[", paste(sprintf("[%d, %d]", units[, "y"], units[, "x"]), collapse = ", "), "]")

entry <- function(name) {
  case <- cases[[name]]
  found <- compared(case)
  paste0(
    sprintf("  \"%s\": {\n    \"control\": %s,\n    \"challenger\": %s,\n", name, pairs(case$control), pairs(case$challenger)),
    paste(sprintf("    \"%s\": %.15g", names(found), found), collapse = ",\n"), "\n  }"
  )
}

cat("{\n", paste(vapply(names(cases), entry, ""), collapse = ",\n"), "\n}\n", sep = "")
